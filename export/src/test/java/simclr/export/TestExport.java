package simclr.export;

import com.google.common.collect.ImmutableList;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.Saver;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.SavedModelExport;
import simclr.inference.InferenceGraph;

/** The export of a ResNet-18 that never trained, made once for all tests, and images for it. */
public final class TestExport {
  /** Side of the images that the encoder takes. */
  public static final int SIZE = 16;

  private static final int CLASSES = 3;

  private TestExport() {}

  /** The directory of version 1; it stays as it is. */
  public static Path version() {
    return Made.VERSION;
  }

  /** Puts a version into a base directory, as an exporter does: at once. */
  public static Path copy(Path base, long version) throws IOException {
    Path aside = base.resolve("." + version);
    try (Stream<Path> files = Files.walk(version())) {
      for (Path file : files.toList()) {
        Path target = aside.resolve(version().relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else if (file.getFileName().toString().startsWith("variables.data")) {
          // 45 MB that nobody changes in place.
          Files.createLink(target, file);
        } else {
          Files.copy(file, target);
        }
      }
    }
    return Files.move(aside, base.resolve(Long.toString(version)));
  }

  /** Bytes of an image, red, green and blue of each pixel. */
  public static byte[] pixels(int seed, int width, int height) {
    byte[] pixels = new byte[width * height * 3];
    new Random(seed).nextBytes(pixels);
    return pixels;
  }

  /** The same image as a PNG. */
  public static byte[] png(int seed, int width, int height) {
    byte[] pixels = pixels(seed, width, height);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      int red = Byte.toUnsignedInt(pixels[3 * i]);
      int green = Byte.toUnsignedInt(pixels[3 * i + 1]);
      int blue = Byte.toUnsignedInt(pixels[3 * i + 2]);
      image.setRGB(i % width, i / width, red << 16 | green << 8 | blue);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  /** The same image as the model takes it: values in [0, 1]. */
  public static float[] floats(int seed, int width, int height) {
    byte[] pixels = pixels(seed, width, height);
    float[] floats = new float[pixels.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = Byte.toUnsignedInt(pixels[i]) * (1f / 255);
    }
    return floats;
  }

  /** A whole PNG as far as its head tells, whose pixels are none. */
  public static byte[] brokenPixels() {
    byte[] png = png(0, SIZE, SIZE);
    // Within the data of IDAT, which begin at 41.
    for (int i = 43; i < 80; i++) {
      png[i] ^= (byte) 0x5a;
    }
    return png;
  }

  /** A PNG of a few bytes that announces 100 megapixels. */
  public static byte[] hundredMegapixels() {
    byte[] png = png(0, SIZE, SIZE);
    byte[] side = {0, 0, 0x27, 0x10};
    System.arraycopy(side, 0, png, 16, 4);
    System.arraycopy(side, 0, png, 20, 4);
    return png;
  }

  /** Made when a test asks for it. */
  private static final class Made {
    static final Path VERSION = make();
  }

  private static Path make() {
    try {
      Path root = Files.createTempDirectory("export-for-tests");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(root)));
      RunConfig config =
          RunConfig.of(
              Map.of("resnet_depth", "18", "image_size", Integer.toString(SIZE), "seed", "1"));
      CheckpointFile checkpoint = checkpoint(config, root.resolve("ckpt-1"));
      ExportSource source =
          ExportSource.of(config, checkpoint, ImmutableList.of("cat", "dog", "owl"));
      return SavedModelExport.write(source, root.resolve("export"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CheckpointFile checkpoint(RunConfig config, Path prefix) {
    Shape shape = Shape.of(1, SIZE, SIZE, 3);
    try (InferenceGraph graph =
        InferenceGraph.build(
            config,
            CLASSES,
            1,
            tf ->
                new Batch(
                    tf.placeholder(TFloat32.class, Placeholder.shape(shape)),
                    tf.constant(new long[1])))) {
      Ops tf = Ops.create(graph.graph());
      Saver saver = Saver.build(tf, graph.state());
      Op setStep = tf.assignVariableOp(graph.state().globalStep(), tf.constant(1L));
      try (Session session = new Session(graph.graph())) {
        graph.initialize(session);
        session.runner().addTarget(setStep).run().close();
        saver.save(session, prefix);
      }
    }
    return CheckpointFile.open(prefix);
  }

  private static void delete(Path root) {
    try {
      MoreFiles.deleteRecursively(root, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes images into a folder: {@code 0.png}, {@code 1.png}, ... */
  public static List<Path> folder(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    for (int i = 0; i < count; i++) {
      Files.write(folder.resolve(i + ".png"), png(i, SIZE + i, SIZE));
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
