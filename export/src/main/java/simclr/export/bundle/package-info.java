/** Loading an export: its versions, its signatures, and tensors in and out. */
package simclr.export.bundle;
