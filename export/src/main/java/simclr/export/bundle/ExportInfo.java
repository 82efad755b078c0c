package simclr.export.bundle;

/**
 * What a user of an export has to know of its {@link Manifest}.
 *
 * @param imageSize side in pixels of the images that the encoder was trained on
 * @param representationSize length of a representation
 */
public record ExportInfo(int imageSize, int representationSize) {}
