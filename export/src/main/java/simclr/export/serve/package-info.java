/** TensorFlow Serving's REST interface over an export, for local use and tests. */
package simclr.export.serve;
