package simclr.export.savedmodel;

import com.google.common.collect.ImmutableSortedMap;
import java.util.List;
import org.tensorflow.proto.SavedObjectGraphOuterClass.FunctionSpec;
import org.tensorflow.proto.Struct.DictValue;
import org.tensorflow.proto.Struct.ListValue;
import org.tensorflow.proto.Struct.NamedTupleValue;
import org.tensorflow.proto.Struct.NoneValue;
import org.tensorflow.proto.Struct.StructuredValue;
import org.tensorflow.proto.Struct.TensorSpecProto;
import org.tensorflow.proto.Struct.TupleValue;

/** Python's arguments and results, in the messages in which a SavedModel describes them. */
final class Structures {
  private static final StructuredValue NONE =
      StructuredValue.newBuilder().setNoneValue(NoneValue.getDefaultInstance()).build();
  private static final StructuredValue NO_KEYWORDS =
      StructuredValue.newBuilder().setDictValue(DictValue.getDefaultInstance()).build();

  private Structures() {}

  /** The arguments of {@code call(inputs, trainable)}: {@code ((inputs, training), {})}. */
  static StructuredValue callArguments(TensorSpec inputs, boolean training) {
    StructuredValue flag = StructuredValue.newBuilder().setBoolValue(training).build();
    return tuple(tuple(tensor(inputs), flag), NO_KEYWORDS);
  }

  /** The arguments of a signature, by keyword only: {@code ((), {name: tensor})}. */
  static StructuredValue signatureArguments(TensorSpec input) {
    return tuple(tuple(), dict(ImmutableSortedMap.of(input.name(), input)));
  }

  /** A dict of tensors. */
  static StructuredValue dict(ImmutableSortedMap<String, TensorSpec> tensors) {
    DictValue.Builder fields = DictValue.newBuilder();
    tensors.forEach(
        (name, spec) ->
            fields.putFields(name, tensor(new TensorSpec(name, spec.type(), spec.shape()))));
    return StructuredValue.newBuilder().setDictValue(fields).build();
  }

  /** How Python's {@code inspect} would describe a function without defaults. */
  static FunctionSpec functionSpec(List<String> arguments, List<String> keywordOnly) {
    NamedTupleValue.Builder spec = NamedTupleValue.newBuilder().setName("FullArgSpec");
    spec.addValuesBuilder().setKey("args").setValue(list(arguments));
    spec.addValuesBuilder().setKey("varargs").setValue(NONE);
    spec.addValuesBuilder().setKey("varkw").setValue(NONE);
    spec.addValuesBuilder().setKey("defaults").setValue(NONE);
    spec.addValuesBuilder().setKey("kwonlyargs").setValue(list(keywordOnly));
    spec.addValuesBuilder().setKey("kwonlydefaults").setValue(NONE);
    spec.addValuesBuilder().setKey("annotations").setValue(NO_KEYWORDS);
    return FunctionSpec.newBuilder()
        .setFullargspec(StructuredValue.newBuilder().setNamedTupleValue(spec))
        .setInputSignature(NONE)
        .build();
  }

  private static StructuredValue tensor(TensorSpec spec) {
    return StructuredValue.newBuilder()
        .setTensorSpecValue(
            TensorSpecProto.newBuilder()
                .setName(spec.name())
                .setShape(spec.shapeProto())
                .setDtype(spec.type()))
        .build();
  }

  private static StructuredValue tuple(StructuredValue... values) {
    return StructuredValue.newBuilder()
        .setTupleValue(TupleValue.newBuilder().addAllValues(List.of(values)))
        .build();
  }

  private static StructuredValue list(List<String> names) {
    ListValue.Builder values = ListValue.newBuilder();
    names.forEach(name -> values.addValuesBuilder().setStringValue(name));
    return StructuredValue.newBuilder().setListValue(values).build();
  }
}
