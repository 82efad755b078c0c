/** Representations of whole data sets, written to files. */
package simclr.export.embed;
