/** Views of an image: what is drawn at random, and the arithmetic behind it. */
@org.jspecify.annotations.NullMarked
package simclr.data.augment;
