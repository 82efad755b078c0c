package simclr.data.records;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.image.DecodeImage;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.Encoding;
import simclr.graph.GraphOps;
import simclr.io.UnreadableInput;

/**
 * Finds the image that the graph's decoder failed on, whose own message names none.
 *
 * <p>A head may be in order and the pixels behind it broken; to know that beforehand, a run would
 * have to decode everything before its first step.
 */
public final class Undecodable implements AutoCloseable {
  private final Graph graph = new Graph();
  private final Session session = new Session(graph);
  private final Placeholder<TString> contents;
  private final DecodeImage<TUint8> pixels;

  private Undecodable() {
    Ops tf = GraphOps.of(graph);
    contents = tf.placeholder(TString.class);
    pixels =
        tf.image.decodeImage(
            contents, TUint8.class, DecodeImage.channels(3L), DecodeImage.expandAnimations(false));
  }

  /**
   * Decodes the images of a split one by one until one fails.
   *
   * @return an error (data) that names the file, record or example; empty if all can be decoded
   */
  public static Optional<UserException> firstIn(Split split) {
    try (Undecodable decoder = new Undecodable()) {
      Records records = split.records();
      if (records instanceof Records.ImageFiles files) {
        files.files().forEach(decoder::requireFile);
      } else if (records instanceof Records.Shards shards) {
        shards.parts().forEach(part -> decoder.requireRecords(part, shards.imageFeature()));
      } else if (records instanceof Records.InMemory memory
          && memory.encoding() instanceof Encoding.Compressed) {
        List<byte[]> images = memory.images();
        for (int i = 0; i < images.size(); i++) {
          decoder.require(images.get(i), "example " + i + " of split " + split.name());
        }
      }
      return Optional.empty();
    } catch (UserException found) {
      return Optional.of(found);
    }
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }

  private void requireFile(Path file) {
    byte[] image;
    try {
      image = Files.readAllBytes(file);
    } catch (IOException e) {
      throw UnreadableInput.of(file, e, "an image");
    }
    require(image, file.toString());
  }

  private void requireRecords(Records.Shards.Part part, String imageFeature) {
    StoredExample.forEach(
        part,
        part.to(),
        (record, example) ->
            require(
                StoredExample.image(part.file(), record, example, imageFeature),
                part.file() + ": record " + record));
  }

  private void require(byte[] image, String name) {
    try (TString bytes = TString.tensorOfBytes(NdArrays.scalarOfObject(image));
        Result none = session.runner().feed(contents, bytes).addTarget(pixels).run()) {
      if (none.size() != 0) {
        throw new IllegalStateException("a target has no result");
      }
    } catch (TFInvalidArgumentException e) {
      String why = String.valueOf(e.getMessage()).strip().lines().findFirst().orElse("");
      throw new UserException(ExitCode.DATA, "%s cannot be decoded (%s)", name, why);
    }
  }
}
