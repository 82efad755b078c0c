package simclr.checkpoint.bundle;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFFailedPreconditionException;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TString;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.DurableFiles;

/**
 * Writes tensors as {@code PREFIX.index} and {@code PREFIX.data-00000-of-00001}, the format of all
 * checkpoints. Knows nothing of models: the caller names the tensors.
 */
public final class BundleWriter {
  private final Operand<TString> part;
  private final Op write;

  private BundleWriter(Operand<TString> part, Op write) {
    this.part = part;
    this.write = write;
  }

  /**
   * Adds the ops; the graph's session starts after that.
   *
   * @param values by key, as the file is to name them
   */
  public static BundleWriter build(Ops tf, Map<String, Operand<?>> values) {
    Operand<TString> part = tf.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
    String[] wholeTensors = new String[values.size()];
    Arrays.fill(wholeTensors, "");
    Op write =
        tf.train.save(
            part,
            tf.array(values.keySet().toArray(new String[0])),
            tf.array(wholeTensors),
            values.values());
    return new BundleWriter(part, write);
  }

  /**
   * Writes the tensors' present values. The files get their names once they are whole and on the
   * disk, the index last: without an index there is no checkpoint.
   *
   * @throws UserException CANNOT_WRITE if the disk is full or otherwise unable; the files of other
   *     checkpoints are as they were
   */
  public void write(Session session, Path prefix) {
    Path aside = prefix.resolveSibling(prefix.getFileName() + "_temp");
    Path partPrefix = aside.resolve("part-00000-of-00001"); // Python's name for a first shard
    try {
      DurableFiles.deleteTree(aside);
      Files.createDirectories(aside);
      try (TString path = TString.scalarOf(partPrefix.toString())) {
        session.runner().feed(part, path).addTarget(write).run().close();
      }
      // One shard needs no MergeV2Checkpoints: that op would rename before anything is synced.
      DurableFiles.sync(BundleFiles.data(partPrefix));
      DurableFiles.sync(BundleFiles.index(partPrefix));
      Files.deleteIfExists(BundleFiles.index(prefix)); // never an old index beside new data
      DurableFiles.move(BundleFiles.data(partPrefix), BundleFiles.data(prefix));
      DurableFiles.move(BundleFiles.index(partPrefix), BundleFiles.index(prefix));
      DurableFiles.syncDirectoryOf(prefix);
      DurableFiles.deleteTree(aside);
    } catch (TFFailedPreconditionException | TFInvalidArgumentException e) {
      throw new IllegalStateException(prefix + " is saved before its variables are initialised", e);
    } catch (TensorFlowException e) {
      throw cannotWrite(prefix, aside, reason(e));
    } catch (IOException e) {
      throw cannotWrite(prefix, aside, e.toString());
    }
  }

  /** TensorFlow's message without the graph nodes that follow in later lines. */
  private static String reason(TensorFlowException e) {
    return Splitter.on('\n').split(String.valueOf(e.getMessage())).iterator().next();
  }

  private static UserException cannotWrite(Path prefix, Path aside, String reason) {
    try {
      DurableFiles.deleteTree(aside); // a full disk needs the room
    } catch (IOException ignored) {
      // What is left is deleted before the next save; the first error is the one to tell.
    }
    return new UserException(
        ExitCode.CANNOT_WRITE,
        "%s cannot be written (%s); checkpoints written before are untouched",
        prefix,
        reason);
  }
}
