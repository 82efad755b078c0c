package simclr.export.inspect;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import java.util.Optional;
import java.util.regex.Pattern;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import simclr.export.inspect.Finding.Effect;

/**
 * What a single operation may do. A stateless operation of TensorFlow only computes, unless its
 * name is among the exceptions; a stateful one is let through only if it is known to keep its state
 * in memory; one that this TensorFlow does not know is not let through.
 */
final class OperationRules {
  /** What is wrong with an operation. */
  record Verdict(Effect effect, String reason) {}

  private static final Pattern FILES =
      Pattern.compile(
          "ReadFile|WriteFile|MatchingFiles|Save|SaveSlices|SaveV2|Restore|RestoreSlice|RestoreV2"
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

  private static final Pattern PIPELINE = Pattern.compile("\\w*(Dataset|Iterator)\\w*");

  /** Stateful operations whose state is in memory and private to the session. */
  private static final Pattern IN_MEMORY =
      Pattern.compile(
          "VarHandleOp|_VarHandlesOp|VarIsInitializedOp|ReadVariableOp|_ReadVariablesOp"
              + "|Assign(Add|Sub)?VariableOp|VariableShape|DisableCopyOnRead|DestroyResourceOp"
              + "|Variable|VariableV2|TemporaryVariable|Resource(Gather|Scatter|Apply|Sparse)\\w*"
              + "|ResourceStridedSliceAssign|StatefulPartitionedCall|_?(If|While)|Case|Assert"
              + "|CheckNumerics(V2)?|Print|Empty|GuaranteeConst|DeepCopy|DeviceIndex|Timestamp"
              + "|Random(Uniform|UniformInt|StandardNormal|Shuffle|Gamma|Poisson|PoissonV2|Crop)"
              + "|(Parameterized)?TruncatedNormal|Multinomial|SampleDistortedBoundingBox(V2)?"
              + "|Stateful(Uniform|StandardNormal|TruncatedNormal|RandomBinomial)\\w*"
              + "|RngSkip|RngReadAndSkip|StatelessRandomGetAlg|NonDeterministicInts"
              + "|(Anonymous)?(Mutable)?(Dense)?HashTable(OfTensors)?(V2)?|InitializeTableV2"
              + "|LookupTable(Find|Size|Insert|Remove|Import|Export)V2"
              + "|TensorArray\\w*|Stack(Push|Pop|Close)?(V2)?|_(Device)?(Arg|Retval)");

  /** Streams of {@code PrintV2}; any other is a file. */
  private static final ImmutableSet<String> CONSOLE =
      ImmutableSet.of("stdout", "stderr", "log(info)", "log(warning)", "log(error)");

  private static final Verdict TOUCHES_FILES =
      new Verdict(Effect.FILES, "reads or writes files of its choice");
  private static final Verdict RUNS_CODE = new Verdict(Effect.CODE, "runs code outside the graph");
  private static final Verdict TALKS = new Verdict(Effect.NETWORK, "talks to other processes");
  private static final Verdict DATA_PIPELINE =
      new Verdict(Effect.UNKNOWN, "is of a data pipeline, which can read anything");
  private static final Verdict FOREIGN =
      new Verdict(Effect.UNKNOWN, "is none of this TensorFlow's operations");
  private static final Verdict STATEFUL =
      new Verdict(Effect.UNKNOWN, "has side effects that this program does not know");

  private final ImmutableMap<String, OpDef> known;

  private OperationRules(ImmutableMap<String, OpDef> known) {
    this.known = known;
  }

  /** By the operations that are linked into this TensorFlow. */
  static OperationRules ofThisTensorFlow() {
    ImmutableMap.Builder<String, OpDef> known = ImmutableMap.builder();
    TensorFlow.registeredOpList().getOpList().forEach(op -> known.put(op.getName(), op));
    return new OperationRules(known.buildKeepingLast());
  }

  /** Empty for an operation that only computes. */
  Optional<Verdict> judge(NodeDef node) {
    String op = node.getOp();
    if (CODE.matcher(op).matches()) {
      return Optional.of(RUNS_CODE);
    } else if (NETWORK.matcher(op).matches()) {
      return Optional.of(TALKS);
    } else if (FILES.matcher(op).matches() || namesAFile(node)) {
      return Optional.of(TOUCHES_FILES);
    } else if (PIPELINE.matcher(op).matches()) {
      return Optional.of(DATA_PIPELINE);
    }
    OpDef definition = known.get(op);
    if (definition == null) {
      return Optional.of(FOREIGN);
    } else if (definition.getIsStateful()
        && !IN_MEMORY.matcher(op).matches()
        && !op.equals("PrintV2")) {
      return Optional.of(STATEFUL);
    }
    return Optional.empty();
  }

  private static boolean namesAFile(NodeDef node) {
    return switch (node.getOp()) {
      case "PrintV2" -> !CONSOLE.contains(attribute(node, "output_stream", "stderr"));
      case "DecodeProtoV2", "EncodeProto" ->
          !attribute(node, "descriptor_source", "local://").matches("|local://|bytes://(?s).*");
      default -> false;
    };
  }

  private static String attribute(NodeDef node, String name, String byDefault) {
    AttrValue value = node.getAttrOrDefault(name, AttrValue.getDefaultInstance());
    return value.hasS() ? value.getS().toStringUtf8() : byDefault;
  }
}
