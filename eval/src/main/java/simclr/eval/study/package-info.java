/** The paper's studies: many runs from one file, evaluated alike, beside the published row. */
package simclr.eval.study;
