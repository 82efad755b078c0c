package simclr.export.inspect;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.AttrValue.ListValue;
import org.tensorflow.proto.AttrValue.ValueCase;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GPUOptions;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.TensorProto;
import simclr.config.Quoted;

/**
 * Which attributes an operation or a function may have, and with which values. What an attribute
 * says can change what runs (functions that are put in each other's place), where (devices), and
 * with which settings, so each is let through by its name and value.
 */
final class AttributeRules {
  /** Attributes that hold functions, all of them of the model's own library. */
  private static final ImmutableSet<String> FUNCTIONS =
      ImmutableSet.of("f", "then_branch", "else_branch", "cond", "body", "branches");

  /** Attributes of operations that hold any text. */
  private static final ImmutableSet<String> TEXTS =
      ImmutableSet.of(
          "shared_name",
          "debug_name",
          "message",
          "tensor_array_name",
          "frame_name",
          "equation",
          "kernel_type",
          "interpolation",
          "fill_mode",
          "noise",
          "src_format",
          "dst_format",
          "dct_method",
          "bad_indices_policy",
          "pattern",
          "separator");

  private static final Pattern LOCAL_DEVICE =
      Pattern.compile(
          "(/job:localhost)?(/replica:0)?(/task:0)?(/(device:)?(CPU|GPU|cpu|gpu):(\\d{1,4}|\\*))?");

  /** Attributes of operations that hold certain texts only. */
  private static final ImmutableMap<String, Predicate<String>> CERTAIN_TEXTS =
      ImmutableMap.of(
          "container",
          String::isEmpty,
          "executor_type",
          String::isEmpty,
          "allowed_devices",
          LOCAL_DEVICE.asMatchPredicate());

  /** Notes of Python and of TensorFlow's own passes, which operations do not declare. */
  private static final ImmutableMap<String, ValueCase> NOTES =
      ImmutableMap.<String, ValueCase>builder()
          .put("_acd_function_control_output", ValueCase.B)
          .put("_class", ValueCase.LIST)
          .put("_collective_manager_ids", ValueCase.LIST)
          .put("_construction_context", ValueCase.S)
          .put("_disable_acd", ValueCase.B)
          .put("_disable_call_shape_inference", ValueCase.B)
          .put("_gradient_op_type", ValueCase.S)
          .put("_handle_dtypes", ValueCase.LIST)
          .put("_handle_shapes", ValueCase.LIST)
          .put("_has_manual_control_dependencies", ValueCase.B)
          .put("_input_shapes", ValueCase.LIST)
          .put("_lower_using_switch_merge", ValueCase.B)
          .put("_noinline", ValueCase.B)
          .put("_num_original_outputs", ValueCase.I)
          .put("_original_func_name", ValueCase.S)
          .put("_output_shapes", ValueCase.LIST)
          .put("_parallel_iterations", ValueCase.I)
          .put("_read_only_resource_inputs", ValueCase.LIST)
          .put("_resource_arg_unique_id", ValueCase.I)
          .put("_shape", ValueCase.SHAPE)
          .put("_stateful_parallelism", ValueCase.B)
          .put("_user_specified_name", ValueCase.S)
          .put("_xla_propagate_compile_time_consts", ValueCase.B)
          .put("_XlaHasReferenceVars", ValueCase.B)
          .put("_XlaMustCompile", ValueCase.B)
          .put("backward_function_name", ValueCase.S)
          .put("forward_function_name", ValueCase.S)
          .buildOrThrow();

  private static final String COLOCATION = "loc:@";

  private final CallGraph calls;

  AttributeRules(CallGraph calls) {
    this.calls = calls;
  }

  /** Whether the model's library has such a function. */
  boolean isFunction(String name) {
    return calls.isFunction(name);
  }

  /**
   * What is wrong with an operation's attributes or its device.
   *
   * @param definition null for the call of a function by its name
   * @return half a sentence
   */
  Optional<String> judge(NodeDef node, @Nullable OpDef definition) {
    if (!LOCAL_DEVICE.matcher(node.getDevice()).matches()) {
      return Optional.of("stands on the device " + Quoted.of(node.getDevice()));
    }
    return first(
        node.getAttrMap(),
        (name, value) -> {
          Optional<OpDef.AttrDef> declared =
              definition == null
                  ? Optional.empty()
                  : definition.getAttrList().stream()
                      .filter(attribute -> attribute.getName().equals(name))
                      .findFirst();
          return declared.isPresent() ? isHarmless(declared.get(), value) : isNote(name, value);
        });
  }

  /** What is wrong with a function's own attributes and its signature. */
  Optional<String> judge(FunctionDef function) {
    if (function.getSignature().getAttrCount() > 0) {
      return Optional.of(
          "has the parameter "
              + Quoted.of(function.getSignature().getAttr(0).getName())
              + ", which its callers fill in");
    }
    return Stream.concat(
            Stream.of(function.getAttrMap()),
            function.getArgAttrMap().values().stream().map(FunctionDef.ArgAttrs::getAttrMap))
        .map(attributes -> first(attributes, AttributeRules::isNote))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private interface Rule {
    boolean holds(String name, AttrValue value);
  }

  private static Optional<String> first(Map<String, AttrValue> attributes, Rule rule) {
    return attributes.entrySet().stream()
        .filter(attribute -> !rule.holds(attribute.getKey(), attribute.getValue()))
        .map(
            attribute ->
                "has the attribute "
                    + Quoted.of(attribute.getKey())
                    + " with a value that this program does not let through")
        .findFirst();
  }

  private boolean isHarmless(OpDef.AttrDef declared, AttrValue value) {
    String name = declared.getName();
    return switch (value.getValueCase()) {
      case PLACEHOLDER -> false;
      case VALUE_NOT_SET -> declared.getType().startsWith("list(");
      case FUNC -> isOwnFunction(name, value.getFunc());
      case S -> isHarmlessText(declared, value);
      case TENSOR -> isPlain(value.getTensor());
      case LIST -> {
        ListValue list = value.getList();
        yield list.getFuncList().stream().allMatch(function -> isOwnFunction(name, function))
            && list.getSList().stream()
                .allMatch(
                    text -> isHarmlessText(declared, AttrValue.newBuilder().setS(text).build()))
            && list.getTensorList().stream().allMatch(AttributeRules::isPlain);
      }
      case I, F, B, TYPE, SHAPE -> true;
    };
  }

  /** Only of the library: by its name, a call can run any operation as well. */
  private boolean isOwnFunction(String attribute, NameAttrList function) {
    return FUNCTIONS.contains(attribute)
        && calls.isFunction(function.getName())
        && function.getAttrCount() == 0;
  }

  private static boolean isHarmlessText(OpDef.AttrDef declared, AttrValue value) {
    String name = declared.getName();
    if (name.equals("config_proto")) {
      return isPlainConfig(value);
    }
    Predicate<String> certain = CERTAIN_TEXTS.get(name);
    if (certain != null) {
      return certain.test(value.getS().toStringUtf8());
    }
    return TEXTS.contains(name)
        || declared.getAllowedValues().getList().getSList().contains(value.getS());
  }

  /** No handles: they name what lies in another session, container or device. */
  private static boolean isPlain(TensorProto tensor) {
    return tensor.getDtype() != DataType.DT_RESOURCE
        && tensor.getDtype() != DataType.DT_VARIANT
        && tensor.getResourceHandleValCount() == 0
        && tensor.getVariantValCount() == 0;
  }

  /** What Python writes: counts of devices and threads. Anything else can choose optimizers. */
  private static boolean isPlainConfig(AttrValue value) {
    try {
      ConfigProto.Builder config = ConfigProto.parseFrom(value.getS()).toBuilder();
      config
          .clearDeviceCount()
          .clearIntraOpParallelismThreads()
          .clearInterOpParallelismThreads()
          .clearAllowSoftPlacement()
          .clearLogDevicePlacement();
      if (config.getExperimental().equals(ConfigProto.Experimental.getDefaultInstance())) {
        config.clearExperimental();
      }
      GPUOptions.Builder gpu = config.getGpuOptions().toBuilder().clearAllowGrowth();
      if (gpu.getExperimental().equals(GPUOptions.Experimental.getDefaultInstance())) {
        gpu.clearExperimental();
      }
      if (gpu.build().equals(GPUOptions.getDefaultInstance())) {
        config.clearGpuOptions();
      }
      return config.build().equals(ConfigProto.getDefaultInstance());
    } catch (InvalidProtocolBufferException e) {
      return false;
    }
  }

  private static boolean isNote(String name, AttrValue value) {
    ValueCase kind = NOTES.get(name);
    boolean emptyList = kind == ValueCase.LIST && value.getValueCase() == ValueCase.VALUE_NOT_SET;
    if (kind != value.getValueCase() && !emptyList) {
      return false;
    }
    ListValue list = value.getList();
    boolean plainList =
        list.getFuncCount() == 0
            && list.getTensorCount() == 0
            && (list.getSCount() == 0
                || (name.equals("_class")
                    && list.getSList().stream()
                        .allMatch(text -> text.toStringUtf8().startsWith(COLOCATION))));
    // Compiled by XLA, other kernels would run than those that are known here.
    return plainList && !(name.equals("_XlaMustCompile") && value.getB());
  }
}
