package simclr.export;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.tensorflow.ndarray.Shape;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.EncodedImages;
import simclr.export.bundle.ExportDirectory;
import simclr.export.bundle.ExportInfo;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.LoadedModel;
import simclr.export.bundle.ModelFailure;
import simclr.export.bundle.PixelRange;
import simclr.export.bundle.TimeLimits;

/**
 * An exported encoder: images in, representations h out.
 *
 * <pre>{@code
 * try (Encoder encoder = Encoder.load(Path.of("exports/photos"))) {
 *   float[][] h = encoder.embedFiles(List.of(Path.of("cat.jpg"), Path.of("dog.png")));
 * }
 * }</pre>
 *
 * <p>Encoded images (PNG, JPEG, GIF, BMP; of any size) are decoded by TensorFlow and brought to the
 * model as in evaluation, inside the exported graph: the same image gives the same representation
 * here, in Python and in TensorFlow Serving. Nothing is normalised beyond the range [0, 1].
 *
 * <p>Any number of threads may use an encoder at a time; TensorFlow spreads a single call over all
 * cores already. Its memory lies outside of the Java heap and is given back by {@link #close},
 * which waits for calls that are running; calls after it throw IllegalStateException.
 */
public final class Encoder implements AutoCloseable {
  private static final int BATCH = 32;
  private static final int CHANNELS = 3;
  private static final String ENCODED_SIGNATURE = "image_bytes";
  private static final String REPRESENTATION = "representation";

  private final LoadedModel model;
  private final ExportInfo info;

  private Encoder(LoadedModel model, ExportInfo info) {
    this.model = model;
    this.info = info;
  }

  /** An image in a file or in memory, with its name for messages and its pixels. */
  private interface Source {
    String name(int index);

    long pixels(int index);

    byte[] bytes(int index);
  }

  /**
   * Loads an export. The operations in it are looked at first: an export that would touch files,
   * processes or the network is refused, not loaded.
   *
   * @param export the directory of a version, or the base directory that {@code simclr export}
   *     wrote to, whose newest version is taken
   * @throws UserException if it is missing, damaged, harmful or no export of an encoder
   */
  public static Encoder load(Path export) {
    return load(export, TimeLimits.DEFAULT);
  }

  /**
   * The same within other limits of time than {@link TimeLimits#DEFAULT}.
   *
   * @throws UserException as the other does, and if loading takes longer; embedding throws it too
   */
  public static Encoder load(Path export, TimeLimits limits) {
    Path version = ExportDirectory.newest(export);
    LoadedModel model = LoadedModel.open(version, limits);
    try {
      ExportInfo info = model.requiredInfo();
      for (String signature : ImmutableList.of(LoadedModel.DEFAULT_SIGNATURE, ENCODED_SIGNATURE)) {
        if (!model.signature(signature).containsOutputs(REPRESENTATION)) {
          throw new UserException(
              ExitCode.DATA,
              "%s: signature %s has no output %s, expected an export of an encoder",
              version,
              signature,
              REPRESENTATION);
        }
      }
      return new Encoder(model, info);
    } catch (UserException e) {
      model.close();
      throw e;
    }
  }

  /** The directory that was loaded. */
  public Path directory() {
    return model.directory();
  }

  /** Length of a representation. */
  public int representationSize() {
    return info.representationSize();
  }

  /** Side in pixels of the images that the encoder was trained on. */
  public int imageSize() {
    return info.imageSize();
  }

  /**
   * Embeds encoded images.
   *
   * @param images the content of image files
   * @return one representation for each image, in their order
   * @throws UserException that names the image ({@code image 3}, from 0) if one is empty, cannot be
   *     decoded or has more than 50 million pixels
   */
  public float[][] embedEncoded(List<byte[]> images) {
    return embed(
        images.size(),
        new Source() {
          @Override
          public String name(int index) {
            return imageName(index);
          }

          @Override
          public long pixels(int index) {
            return EncodedImages.requirePixels(images.get(index), name(index));
          }

          @Override
          public byte[] bytes(int index) {
            return images.get(index);
          }
        });
  }

  /**
   * Embeds image files; of many files, only as many as a batch has are in memory at a time.
   *
   * @return one representation for each file, in their order
   * @throws UserException that names the file if one cannot be read, is empty, cannot be decoded or
   *     has more than 50 million pixels
   */
  public float[][] embedFiles(List<Path> files) {
    return embed(
        files.size(),
        new Source() {
          @Override
          public String name(int index) {
            return files.get(index).toString();
          }

          @Override
          public long pixels(int index) {
            return EncodedImages.requirePixels(files.get(index));
          }

          @Override
          public byte[] bytes(int index) {
            try {
              return Files.readAllBytes(files.get(index));
            } catch (IOException e) {
              throw new UserException(
                  ExitCode.NO_INPUT, "%s cannot be read (%s), expected an image", name(index), e);
            }
          }
        });
  }

  /**
   * Embeds decoded images. They are taken as they are: resize or crop them to {@link #imageSize}
   * first, or embed the encoded ones.
   *
   * @param images [image][row][column][red, green, blue], all of one size, values in [0, 1]
   * @throws UserException that names image, value and range if one is outside of [0, 1], as bytes
   *     of 0 to 255 are
   * @throws IllegalArgumentException if the images differ in size or have other than 3 channels
   */
  public float[][] embedPixels(float[][][][] images) {
    if (images.length == 0) {
      return new float[0][];
    }
    int height = images[0].length;
    int width = height == 0 ? 0 : images[0][0].length;
    float[] flat = new float[Math.multiplyExact(images.length * CHANNELS, height * width)];
    int next = 0;
    for (float[][][] image : images) {
      checkArgument(image.length == height, "images have %s and %s rows", height, image.length);
      for (float[][] row : image) {
        checkArgument(row.length == width, "rows have %s and %s columns", width, row.length);
        for (float[] pixel : row) {
          checkArgument(pixel.length == CHANNELS, "a pixel has %s channels, not 3", pixel.length);
          System.arraycopy(pixel, 0, flat, next, CHANNELS);
          next += CHANNELS;
        }
      }
    }
    return embedPixels(flat, images.length, height, width);
  }

  /**
   * The same on a flat array.
   *
   * @param pixels count * height * width * 3 values in [0, 1], channels innermost
   */
  public float[][] embedPixels(float[] pixels, int count, int height, int width) {
    long perImage = (long) height * width * CHANNELS;
    checkArgument(
        count >= 0 && height > 0 && width > 0 && pixels.length == count * perImage,
        "%s values are no %s images of %s x %s pixels and 3 channels",
        pixels.length,
        count,
        height,
        width);
    PixelRange.require(pixels, (int) perImage, Encoder::imageName);
    float[][] rows = new float[count][];
    HostTensor.Floats all = new HostTensor.Floats(Shape.of(count, height, width, CHANNELS), pixels);
    for (int from = 0; from < count; from += BATCH) {
      int to = Math.min(count, from + BATCH);
      run(LoadedModel.DEFAULT_SIGNATURE, "inputs", all.rows(from, to), rows, from);
    }
    return rows;
  }

  /** Gives the model's memory back, after the calls that are running. */
  @Override
  public void close() {
    model.close();
  }

  private float[][] embed(int count, Source source) {
    float[][] rows = new float[count][];
    int from = 0;
    while (from < count) {
      List<byte[]> batch = new ArrayList<>();
      long pixels = 0;
      // What a batch takes decoded is bounded, not only how many it holds.
      while (from + batch.size() < count && batch.size() < BATCH) {
        int index = from + batch.size();
        pixels += source.pixels(index);
        if (pixels > EncodedImages.MOST_PIXELS && !batch.isEmpty()) {
          break;
        }
        batch.add(source.bytes(index));
      }
      embed(batch, rows, from, source::name);
      from += batch.size();
    }
    return rows;
  }

  /** An image whose pixels are broken fails a whole batch: then they go one by one, to name it. */
  private void embed(List<byte[]> batch, float[][] rows, int first, IntFunction<String> name) {
    try {
      run(ENCODED_SIGNATURE, ENCODED_SIGNATURE, HostTensor.Strings.vector(batch), rows, first);
    } catch (ModelFailure e) {
      if (e.reason() != ModelFailure.Reason.INPUT) {
        throw e;
      }
      if (batch.size() == 1) {
        throw EncodedImages.undecodable(name.apply(first), e);
      }
      for (int i = 0; i < batch.size(); i++) {
        embed(batch.subList(i, i + 1), rows, first + i, name);
      }
    }
  }

  private void run(String signature, String input, HostTensor batch, float[][] rows, int first) {
    HostTensor.Floats h =
        model.floats(signature, ImmutableMap.of(input, ImmutableList.of(batch)), REPRESENTATION);
    for (int i = 0; i < batch.rows(); i++) {
      rows[first + i] = h.row(i);
    }
  }

  private static String imageName(int index) {
    return "image " + index;
  }
}
