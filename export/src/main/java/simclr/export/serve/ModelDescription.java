package simclr.export.serve;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;

/** What TensorFlow Serving says of a model: the state of its versions, and its signatures. */
final class ModelDescription {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ModelDescription() {}

  /** The state of a version in TensorFlow Serving's words. */
  enum State {
    LOADING,
    AVAILABLE,
    UNLOADING,
    /** Unloaded, or never loaded because it is broken. */
    END
  }

  /**
   * A version's state.
   *
   * @param error empty if all is well
   */
  record Status(State state, String error) {}

  static byte[] error(String message) {
    ObjectNode root = JSON.createObjectNode();
    root.put("error", message);
    return bytes(root);
  }

  /** {@code GET /v1/models/NAME}. */
  static byte[] status(SortedMap<Long, Status> versions) {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode list = root.putArray("model_version_status");
    versions.forEach(
        (number, status) -> {
          ObjectNode version = list.addObject();
          version.put("version", Long.toString(number));
          version.put("state", status.state().name());
          ObjectNode outcome = version.putObject("status");
          outcome.put("error_code", status.error().isEmpty() ? "OK" : "FAILED_PRECONDITION");
          outcome.put("error_message", status.error());
        });
    return bytes(root);
  }

  /** {@code GET /v1/models/NAME/metadata}. */
  static byte[] metadata(String name, ServedVersion version) {
    ObjectNode root = JSON.createObjectNode();
    root.putObject("model_spec")
        .put("name", name)
        .put("signature_name", "")
        .put("version", Long.toString(version.number()));
    ObjectNode signatures =
        root.putObject("metadata").putObject("signature_def").putObject("signature_def");
    version
        .model()
        .signatures()
        .forEach((key, signature) -> describe(signatures.putObject(key), signature));
    return bytes(root);
  }

  private static void describe(ObjectNode node, SignatureDef signature) {
    tensors(node.putObject("inputs"), signature.getInputsMap());
    tensors(node.putObject("outputs"), signature.getOutputsMap());
    node.put("method_name", signature.getMethodName());
  }

  private static void tensors(ObjectNode node, Map<String, TensorInfo> tensors) {
    tensors.forEach(
        (name, tensor) -> {
          ObjectNode described = node.putObject(name);
          described.put("dtype", tensor.getDtype().name());
          ObjectNode shape = described.putObject("tensor_shape");
          ArrayNode dims = shape.putArray("dim");
          tensor
              .getTensorShape()
              .getDimList()
              .forEach(
                  dim ->
                      dims.addObject()
                          .put("size", Long.toString(dim.getSize()))
                          .put("name", dim.getName()));
          shape.put("unknown_rank", tensor.getTensorShape().getUnknownRank());
          described.put("name", tensor.getName());
        });
  }

  private static byte[] bytes(ObjectNode root) {
    return (root.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
