package simclr.export.convert;

/**
 * A tensor that is not converted.
 *
 * @param name in the file
 * @param why it is left out
 */
record Ignored(String name, String why) {}
