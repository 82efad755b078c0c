/** A whole run: its plan, the training loop, what it prints. */
package simclr.train.run;
