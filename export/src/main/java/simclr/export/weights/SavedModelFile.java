package simclr.export.weights;

import com.google.common.collect.ImmutableList;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** Reads and writes {@code saved_model.pb} as data. Nothing in it is executed. */
public final class SavedModelFile {
  /** Where a SavedModel keeps its graphs. */
  public static final String NAME = "saved_model.pb";

  /** Marks a directory as a module of TF Hub. */
  public static final String HUB_MARK = "tfhub_module.pb";

  /**
   * Other forms of the same file. A loader may prefer one of them, and would then run a graph that
   * nobody has looked at.
   */
  private static final ImmutableList<String> OTHER_FORMS =
      ImmutableList.of("saved_model.pbtxt", "saved_model.cpb");

  /** Weights lie in files of their own; what is left are graphs. */
  private static final long LARGEST = 1L << 30;

  private SavedModelFile() {}

  /** Whether the directory claims to be a SavedModel, of whatever form. */
  public static boolean isIn(Path directory) {
    return Files.isRegularFile(directory.resolve(NAME))
        || OTHER_FORMS.stream().anyMatch(form -> Files.exists(directory.resolve(form)));
  }

  /** Prefix of the checkpoint that a SavedModel keeps its variables in. */
  public static Path variables(Path directory) {
    return directory.resolve("variables").resolve("variables");
  }

  /**
   * The parsed file.
   *
   * @throws UserException NO_INPUT if there is none, DATA if it is corrupt or truncated, is not a
   *     SavedModel, or lies beside another form of itself
   */
  public static SavedModel read(Path directory) {
    Path file = directory.resolve(NAME);
    for (String form : OTHER_FORMS) {
      if (Files.exists(directory.resolve(form))) {
        throw new UserException(
            ExitCode.DATA, "%s holds a %s, expected %s alone", directory, form, NAME);
      }
    }
    if (!Files.isRegularFile(file)) {
      throw new UserException(ExitCode.NO_INPUT, "%s is missing, expected a SavedModel", file);
    }
    SavedModel model = parse(file);
    if (model.getMetaGraphsList().stream().noneMatch(MetaGraphDef::hasGraphDef)) {
      throw new UserException(
          ExitCode.DATA, "%s holds no graph, expected a whole SavedModel", file);
    }
    return model;
  }

  /**
   * The file's bytes, the same for the same model in every process: TensorFlow hands out attributes
   * in an order of chance.
   */
  public static byte[] bytes(SavedModel model) {
    byte[] bytes = new byte[model.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      model.writeTo(out);
    } catch (IOException e) {
      throw new IllegalStateException("an array of the model's size is too small", e);
    }
    out.checkNoSpaceLeft();
    return bytes;
  }

  /** From memory: reading from a stream, protobuf fails on broken lengths in ways of its own. */
  private static SavedModel parse(Path file) {
    try {
      long bytes = Files.size(file);
      if (bytes > LARGEST) {
        throw new UserException(
            ExitCode.DATA, "%s has %s bytes, expected at most %s", file, bytes, LARGEST);
      }
      return SavedModel.parseFrom(Files.readAllBytes(file));
    } catch (IOException e) {
      throw unparsable(file, e);
    } catch (RuntimeException e) {
      throw e instanceof UserException ? e : unparsable(file, e);
    }
  }

  private static UserException unparsable(Path file, Exception e) {
    return new UserException(
        ExitCode.DATA,
        "%s cannot be parsed (%s), expected a whole SavedModel",
        file,
        Quoted.of(String.valueOf(e.getMessage())));
  }
}
