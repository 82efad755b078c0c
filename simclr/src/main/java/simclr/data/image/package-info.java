/** Encoded images: what their heads say, and how their bytes become pixels. */
@org.jspecify.annotations.NullMarked
package simclr.data.image;
