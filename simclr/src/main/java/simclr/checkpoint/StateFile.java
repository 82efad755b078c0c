package simclr.checkpoint;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.TextFormat;
import com.google.protobuf.TextFormat.ParseException;
import com.google.protobuf.TextFormat.Parser.SingularOverwritePolicy;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import simclr.checkpoint.bundle.BundleFiles;
import simclr.config.LocalPath;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TextFile;
import simclr.io.UnreadableInput;

/**
 * The file {@code checkpoint} of a directory: which checkpoints are kept. It is TensorFlow's {@code
 * CheckpointState} in protobuf's text format:
 *
 * <pre>
 * model_checkpoint_path: "ckpt-8"
 * all_model_checkpoint_paths: "ckpt-4"
 * all_model_checkpoint_paths: "ckpt-8"
 * all_model_checkpoint_timestamps: 1795477442.7275462
 * all_model_checkpoint_timestamps: 1795477452.3152938
 * last_preserved_timestamp: 1795477395.660504
 * </pre>
 *
 * @param latest name of the newest checkpoint: relative to the directory, or an absolute path
 * @param kept all of them, oldest first, the newest included
 * @param lastPreserved seconds since 1970. Python never deletes a checkpoint whose time is not
 *     above it and leaves it out of its list, so it must lie before the first one
 */
record StateFile(String latest, ImmutableList<Kept> kept, double lastPreserved) {
  static final String NAME = "checkpoint";

  private static final String LATEST = "model_checkpoint_path";
  private static final String PATHS = "all_model_checkpoint_paths";
  private static final String TIMES = "all_model_checkpoint_timestamps";
  private static final String PRESERVED = "last_preserved_timestamp";
  private static final Descriptor MESSAGE = describe();
  private static final TextFormat.Parser PARSER =
      TextFormat.Parser.newBuilder()
          .setSingularOverwritePolicy(SingularOverwritePolicy.FORBID_SINGULAR_OVERWRITES)
          .build();

  /**
   * A checkpoint that is kept.
   *
   * @param timestamp when it was written, in seconds since 1970
   */
  record Kept(String name, double timestamp) {}

  /**
   * Reads the state file of a directory.
   *
   * @return empty if there is none
   * @throws UserException DATA if it is corrupt or truncated
   */
  static Optional<StateFile> read(Path directory) {
    Path file = directory.resolve(NAME);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      StateFile state = parse(TextFile.whole(file));
      state.kept().forEach(one -> checkName(one.name()));
      return Optional.of(state);
    } catch (IllegalArgumentException e) {
      throw new UserException(
          ExitCode.DATA,
          "%s: %s, expected a whole state file",
          file,
          Quoted.of(String.valueOf(e.getMessage())));
    } catch (IOException e) {
      throw UnreadableInput.of(file, e, "a state file");
    }
  }

  /**
   * Parses the text. A state without timestamps, as older TensorFlow wrote it, gets times just
   * above {@code lastPreserved}.
   *
   * @throws IllegalArgumentException if the text is cut or not of this kind
   */
  static StateFile parse(String text) {
    DynamicMessage state = message(text);
    String latest = (String) state.getField(MESSAGE.findFieldByName(LATEST));
    checkArgument(!latest.isEmpty(), "%s is missing", LATEST);
    double lastPreserved = (Double) state.getField(MESSAGE.findFieldByName(PRESERVED));
    List<?> names = (List<?>) state.getField(MESSAGE.findFieldByName(PATHS));
    List<?> times = (List<?>) state.getField(MESSAGE.findFieldByName(TIMES));
    ImmutableList.Builder<Kept> kept = ImmutableList.builder();
    for (int i = 0; i < names.size(); i++) {
      boolean timed = times.size() == names.size();
      kept.add(new Kept((String) names.get(i), timed ? (Double) times.get(i) : lastPreserved + 1));
    }
    if (!names.contains(latest)) {
      kept.add(new Kept(latest, lastPreserved + 1));
    }
    return new StateFile(latest, kept.build(), lastPreserved);
  }

  private static void checkName(String name) {
    checkArgument(
        LocalPath.ifValid(name).map(Path::getFileName).isPresent() && !name.isEmpty(),
        "a checkpoint is named \"%s\"",
        Quoted.of(name));
  }

  /** The text, as Python writes it. */
  String text() {
    StringBuilder text = new StringBuilder();
    text.append(LATEST).append(": ").append(quoted(latest)).append('\n');
    for (Kept one : kept) {
      text.append(PATHS).append(": ").append(quoted(one.name)).append('\n');
    }
    for (Kept one : kept) {
      text.append(TIMES).append(": ").append(plain(one.timestamp)).append('\n');
    }
    return text.append(PRESERVED).append(": ").append(plain(lastPreserved)).append('\n').toString();
  }

  /** Where a checkpoint named in the state file of {@code directory} lies. */
  static Path prefix(Path directory, String name) {
    Path prefix = directory.resolve(name);
    // Absolute names outlive a move of the directory; the files moved along.
    Path moved = directory.resolve(prefix.getFileName());
    return !Files.exists(BundleFiles.index(prefix)) && Files.exists(BundleFiles.index(moved))
        ? moved
        : prefix;
  }

  /** Without an exponent. */
  private static String plain(double seconds) {
    return new BigDecimal(Double.toString(seconds)).toPlainString();
  }

  private static String quoted(String text) {
    return '"' + TextFormat.escapeBytes(ByteString.copyFromUtf8(text)) + '"';
  }

  private static DynamicMessage message(String text) {
    DynamicMessage.Builder message = DynamicMessage.newBuilder(MESSAGE);
    try {
      PARSER.merge(text, message);
    } catch (ParseException e) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "line %d: %s",
              e.getLine(),
              String.valueOf(e.getMessage()).replaceFirst("^\\d+:\\d+: ", "")),
          e);
    }
    return message.build();
  }

  /** TensorFlow-Java has no class for the message. */
  private static Descriptor describe() {
    DescriptorProto.Builder state = DescriptorProto.newBuilder().setName("CheckpointState");
    field(
        state,
        1,
        LATEST,
        FieldDescriptorProto.Label.LABEL_OPTIONAL,
        FieldDescriptorProto.Type.TYPE_STRING);
    field(
        state,
        2,
        PATHS,
        FieldDescriptorProto.Label.LABEL_REPEATED,
        FieldDescriptorProto.Type.TYPE_STRING);
    field(
        state,
        3,
        TIMES,
        FieldDescriptorProto.Label.LABEL_REPEATED,
        FieldDescriptorProto.Type.TYPE_DOUBLE);
    field(
        state,
        4,
        PRESERVED,
        FieldDescriptorProto.Label.LABEL_OPTIONAL,
        FieldDescriptorProto.Type.TYPE_DOUBLE);
    try {
      return FileDescriptor.buildFrom(
              FileDescriptorProto.newBuilder().addMessageType(state).build(), new FileDescriptor[0])
          .findMessageTypeByName("CheckpointState");
    } catch (DescriptorValidationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void field(
      DescriptorProto.Builder message,
      int number,
      String name,
      FieldDescriptorProto.Label label,
      FieldDescriptorProto.Type type) {
    message.addFieldBuilder().setNumber(number).setName(name).setLabel(label).setType(type);
  }
}
