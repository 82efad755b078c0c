package simclr.tools.mutants;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import simclr.data.image.EncodedImages;
import simclr.data.image.Encoding;
import simclr.data.image.ImageDecoding;
import simclr.graph.GraphOps;

/** Encoded images: our look at the head, then TensorFlow's decoder. */
@TestInstance(Lifecycle.PER_CLASS)
final class ImageMutantsTest {
  private final Graph graph = new Graph();
  private final Placeholder<TString> encoded;
  private final Operand<TUint8> decoded;
  private final Session session;

  ImageMutantsTest() {
    Ops tf = GraphOps.of(graph);
    encoded = tf.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
    decoded = ImageDecoding.decode(tf, encoded, new Encoding.Compressed());
    session = new Session(graph);
  }

  @AfterAll
  void close() {
    session.close();
    graph.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpg", "gif", "bmp"})
  void pictures(String format) throws Exception {
    Mutants.of(format, picture(format)).check(Bytes::mutate, this::read);
  }

  private Object read(byte[] image) {
    long pixels = EncodedImages.requirePixels(image, "picture");
    try (TString bytes = TString.tensorOfBytes(NdArrays.scalarOfObject(image));
        Result result = session.runner().feed(encoded, bytes).fetch(decoded).run()) {
      Shape shape = result.get(0).shape();
      if (shape.size() != 3 * pixels) {
        throw new IllegalStateException(
            "the head announces " + pixels + " pixels, decoded are " + shape);
      }
      return shape;
    } catch (TFInvalidArgumentException e) {
      throw EncodedImages.undecodable("picture", e);
    }
  }

  static byte[] picture(String format) throws IOException {
    BufferedImage image = new BufferedImage(19, 14, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        image.setRGB(x, y, ((x * 71) << 16) | ((x * y * 7) << 8) | (y * 31));
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (!ImageIO.write(image, format, out)) {
      throw new IllegalStateException("no writer of " + format);
    }
    return out.toByteArray();
  }
}
