/** TensorBoard files under the reference's tags. */
package simclr.summary;
