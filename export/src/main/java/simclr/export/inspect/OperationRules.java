package simclr.export.inspect;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.io.Resources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.OpDef;
import simclr.export.inspect.Finding.Effect;

/**
 * Which operations a foreign model may contain: those of a list, which only compute. The patterns
 * here only say why another one is refused.
 */
final class OperationRules {
  /** What is wrong with an operation. */
  record Verdict(Effect effect, String reason) {}

  private static final Pattern FILES =
      Pattern.compile(
          "ReadFile|WriteFile|ImmutableConst|PrintV2|DecodeProtoV2|EncodeProto|MatchingFiles|Save|SaveSlices|SaveV2|Restore|RestoreSlice|RestoreV2"
              + "|DTensorRestoreV2|DistributedSave|MergeV2Checkpoints|LoadAndRemapMatrix"
              + "|GenerateVocabRemapping|InitializeTableFromTextFile(V2)?|RecordInput|Skipgram"
              + "|FixedUnigramCandidateSampler|CreateSummary(File|Db)Writer|Write\\w*Summary"
              + "|ImportEvent|FlushSummaryWriter|DumpTensor|FileSystemSetConfiguration"
              + "|Debug(Identity|NanCount|NumericSummary)\\w*"
              + "|\\w*Reader(V2)?|Reader(Read|Restore)\\w*|\\w*Snapshot\\w*"
              + "|\\w*(TFRecord|TextLine|FixedLengthRecord|CSV|Sql|LMDB|MatchingFiles|Cache|Load"
              + "|Save)Dataset\\w*|\\w*DatasetToTFRecord");

  private static final Pattern CODE =
      Pattern.compile(
          "\\w*PyFunc\\w*|XlaCustomCall\\w*|XlaCallModule|XlaHostCompute|_XlaHostCompute\\w*"
              + "|TRTEngineOp|CreateTRTResourceHandle|InitializeTRTResource|GeneratorDataset");

  private static final Pattern NETWORK =
      Pattern.compile(
          "Rpc\\w*|DeleteRpc\\w*|DataService\\w*|_?(Host)?(Send|Recv)|Collective\\w*|_?Nccl\\w*"
              + "|RemoteCall|RemoteFusedGraphExecute|WorkerHeartbeat|\\w*DistributedTPU\\w*"
              + "|BigQuery\\w*|BigTable\\w*|Gcs\\w*|Kafka\\w*");

  private static final Pattern SAVER =
      Pattern.compile(
          "SaveV2|RestoreV2|MergeV2Checkpoints|ShardedFilename|StringJoin"
              + "|StaticRegexFullMatch");

  private static final Pattern PIPELINE = Pattern.compile("\\w*(Dataset|Iterator)\\w*");

  private static final Verdict TOUCHES_FILES =
      new Verdict(Effect.FILES, "reads or writes files of its choice");
  private static final Verdict RUNS_CODE = new Verdict(Effect.CODE, "runs code outside the graph");
  private static final Verdict TALKS = new Verdict(Effect.NETWORK, "talks to other processes");
  private static final Verdict DATA_PIPELINE =
      new Verdict(Effect.UNKNOWN, "is of a data pipeline, which can read anything");
  private static final Verdict SAVES =
      new Verdict(Effect.FILES, "names files in another way than a saver of TensorFlow");
  private static final Verdict ENDS = new Verdict(Effect.UNKNOWN, "ends the process that runs it");
  private static final Verdict FOREIGN =
      new Verdict(Effect.UNKNOWN, "is none of this TensorFlow's operations");
  private static final Verdict NOT_LISTED =
      new Verdict(Effect.UNKNOWN, "is none of the operations that are known to only compute");

  private static final Pattern LIST_COMMENT = Pattern.compile("#.*");
  private static final ImmutableSet<String> ALLOWED = allowed();

  private final ImmutableMap<String, OpDef> known;

  private OperationRules(ImmutableMap<String, OpDef> known) {
    this.known = known;
  }

  /** By the operations that are linked into this TensorFlow. */
  static OperationRules ofThisTensorFlow() {
    return Linked.RULES;
  }

  /** Asked for once: TensorFlow lists some two thousand operations. */
  private static final class Linked {
    static final OperationRules RULES = rules();

    private static OperationRules rules() {
      ImmutableMap.Builder<String, OpDef> known = ImmutableMap.builder();
      TensorFlow.registeredOpList().getOpList().forEach(op -> known.put(op.getName(), op));
      return new OperationRules(known.buildKeepingLast());
    }
  }

  /** What this TensorFlow knows about an operation; null if nothing. */
  @Nullable OpDef definition(String operation) {
    return known.get(operation);
  }

  /** Empty for an operation that only computes. */
  Optional<Verdict> judge(String operation) {
    if (known.get(operation) == null) {
      return Optional.of(reason(operation).orElse(FOREIGN));
    }
    return ALLOWED.contains(operation)
        ? Optional.empty()
        : Optional.of(reason(operation).orElse(NOT_LISTED));
  }

  private static Optional<Verdict> reason(String operation) {
    if (CODE.matcher(operation).matches()) {
      return Optional.of(RUNS_CODE);
    } else if (NETWORK.matcher(operation).matches()) {
      return Optional.of(TALKS);
    } else if (SAVER.matcher(operation).matches()) {
      return Optional.of(SAVES);
    } else if (FILES.matcher(operation).matches()) {
      return Optional.of(TOUCHES_FILES);
    } else if (PIPELINE.matcher(operation).matches()) {
      return Optional.of(DATA_PIPELINE);
    }
    return operation.equals("Abort") ? Optional.of(ENDS) : Optional.empty();
  }

  private static ImmutableSet<String> allowed() {
    try {
      return Resources.readLines(
              Resources.getResource(OperationRules.class, "operations.txt"),
              StandardCharsets.US_ASCII)
          .stream()
          .map(line -> LIST_COMMENT.matcher(line).replaceAll("").strip())
          .flatMap(line -> Splitter.on(' ').omitEmptyStrings().splitToStream(line))
          .collect(ImmutableSet.toImmutableSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
