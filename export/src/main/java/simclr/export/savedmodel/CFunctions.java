package simclr.export.savedmodel;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteBuffer;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteFunction;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_FunctionToFunctionDef;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetAllOpList;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphImportGraphDef;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphOperationByName;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GraphToFunctionWithControlOutputs;

import com.google.common.base.Splitter;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Function;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_ImportGraphDefOptions;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.OpList;

/**
 * What only the C API can do: functions that capture variables and keep side effects.
 *
 * <p>{@link org.tensorflow.ConcreteFunction} leaves a variable inside the function instead of
 * making it an argument, and drops operations that no result depends on.
 */
final class CFunctions {
  private CFunctions() {}

  /**
   * A graph as a function.
   *
   * @param arguments nodes that become arguments; a {@code VarHandleOp} becomes a resource
   * @param outputs tensors as {@code node:index}, one for each of {@code outputNames}
   * @param updates nodes that run with every call
   */
  @SuppressWarnings("try") // the scope frees what is made while it is open
  static FunctionDef define(
      String name,
      GraphDef graph,
      List<String> arguments,
      List<String> outputs,
      List<String> outputNames,
      List<String> updates) {
    try (PointerScope scope = new PointerScope()) {
      TF_Status status = TF_Status.newStatus();
      TF_Graph imported = TF_Graph.newGraph();
      TF_GraphImportGraphDef(
          imported,
          TF_Buffer.newBufferFromString(graph),
          TF_ImportGraphDefOptions.newImportGraphDefOptions(),
          status);
      status.throwExceptionIfNotOK();
      TF_Function function =
          TF_GraphToFunctionWithControlOutputs(
              imported,
              new BytePointer(name),
              (byte) 0,
              -1, // all operations
              (PointerPointer<TF_Operation>) null,
              arguments.size(),
              outputs(imported, arguments),
              outputs.size(),
              outputs(imported, outputs),
              names(outputNames),
              updates.size(),
              operations(imported, updates),
              names(numbered(updates.size())),
              null,
              null,
              status);
      status.throwExceptionIfNotOK();
      try {
        TF_Buffer buffer = TF_Buffer.newBuffer();
        TF_FunctionToFunctionDef(function, buffer, status);
        status.throwExceptionIfNotOK();
        return FunctionDef.parseFrom(buffer.dataAsByteBuffer());
      } finally {
        TF_DeleteFunction(function);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("TensorFlow's own message cannot be parsed", e);
    }
  }

  /** Every operation of this runtime, with the defaults of its attributes. */
  static OpList operations() {
    TF_Buffer buffer = TF_GetAllOpList();
    try {
      return OpList.parseFrom(buffer.dataAsByteBuffer());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("TensorFlow's own message cannot be parsed", e);
    } finally {
      TF_DeleteBuffer(buffer);
    }
  }

  private static List<String> numbered(int count) {
    return IntStream.range(0, count).mapToObj(i -> "update_" + i).toList();
  }

  private static PointerPointer<BytePointer> names(List<String> names) {
    return new PointerPointer<>(names.toArray(new String[0]));
  }

  private static PointerPointer<TF_Operation> operations(TF_Graph graph, List<String> nodes) {
    PointerPointer<TF_Operation> operations = new PointerPointer<>(Math.max(1, nodes.size()));
    for (int i = 0; i < nodes.size(); i++) {
      operations.put(i, operation(graph, nodes.get(i)));
    }
    return operations;
  }

  private static TF_Output outputs(TF_Graph graph, List<String> tensors) {
    TF_Output outputs = new TF_Output(Math.max(1, tensors.size()));
    for (int i = 0; i < tensors.size(); i++) {
      List<String> parts = Splitter.on(':').splitToList(tensors.get(i));
      outputs
          .position(i)
          .oper(operation(graph, parts.get(0)))
          .index(parts.size() > 1 ? Integer.parseInt(parts.get(1)) : 0);
    }
    return outputs.position(0);
  }

  private static TF_Operation operation(TF_Graph graph, String node) {
    TF_Operation operation = TF_GraphOperationByName(graph, node);
    if (operation == null || operation.isNull()) {
      throw new IllegalArgumentException("no node " + node);
    }
    return operation;
  }
}
