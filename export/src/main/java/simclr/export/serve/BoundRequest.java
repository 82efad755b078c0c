package simclr.export.serve;

import static simclr.export.serve.HttpError.badRequest;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Sets;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import simclr.config.UserException;
import simclr.data.image.EncodedImages;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.LoadedModel;
import simclr.export.bundle.PixelRange;

/**
 * The inputs of a request, checked against the signature that it names.
 *
 * @param rows of every input
 * @param pixels that the encoded images of the request have when they are decoded
 */
record BoundRequest(
    String signatureName, ImmutableMap<String, HostTensor> inputs, int rows, long pixels) {

  /**
   * Checks names, types, shapes and, if the model is an export of an encoder, the images.
   *
   * @throws HttpError if something does not fit
   */
  static BoundRequest of(PredictRequest request, LoadedModel model) {
    SignatureDef signature = model.signatures().get(request.signatureName());
    if (signature == null) {
      throw badRequest(
          "Serving signature name: \"%s\" not found in signature def, expected one of %s",
          request.signatureName(), String.join(", ", model.signatures().keySet()));
    }
    ImmutableMap<String, HostTensor> inputs = named(request, signature.getInputsMap());
    int rows = -1;
    long pixels = 0;
    for (Map.Entry<String, HostTensor> input : inputs.entrySet()) {
      String name = input.getKey();
      HostTensor tensor = input.getValue();
      requireFit(name, tensor, signature.getInputsOrThrow(name));
      if (rows >= 0 && rows != tensor.rows()) {
        throw badRequest("inputs have %s and %s rows, expected equally many", rows, tensor.rows());
      }
      rows = tensor.rows();
      if (model.info().isPresent()) {
        pixels += requireImages(name, tensor);
      }
    }
    return new BoundRequest(request.signatureName(), inputs, rows, pixels);
  }

  private static ImmutableMap<String, HostTensor> named(
      PredictRequest request, Map<String, TensorInfo> wanted) {
    HostTensor unnamed = request.inputs().get(PredictRequest.UNNAMED);
    if (unnamed != null) {
      if (wanted.size() != 1) {
        throw badRequest(
            "the inputs are not named, expected an object with %s",
            String.join(", ", wanted.keySet()));
      }
      return ImmutableMap.of(wanted.keySet().iterator().next(), unnamed);
    }
    Set<String> named = Sets.union(request.inputs().keySet(), request.unknown());
    if (!named.equals(wanted.keySet())) {
      throw badRequest(
          "the inputs are %s, expected %s",
          String.join(", ", named), String.join(", ", wanted.keySet()));
    }
    return request.inputs();
  }

  private static void requireFit(String name, HostTensor tensor, TensorInfo wanted) {
    DataType type = tensor instanceof HostTensor.Floats ? DataType.DT_FLOAT : DataType.DT_STRING;
    if (wanted.getDtype() != type) {
      throw badRequest(
          "input \"%s\" holds %s, expected %s",
          name,
          type == DataType.DT_FLOAT ? "numbers" : "strings",
          wanted.getDtype() == DataType.DT_FLOAT
              ? "numbers"
              : wanted.getDtype() == DataType.DT_STRING
                  ? "strings, images as {\"b64\": \"...\"}"
                  : wanted.getDtype() + ", which this server does not take");
    }
    Shape shape = shape(wanted);
    if (!shape.isCompatibleWith(tensor.shape())
        || tensor.shape().numDimensions() != shape.numDimensions()
        || tensor.shape().numDimensions() == 0) {
      throw badRequest(
          "input \"%s\" has the shape %s, expected %s",
          name, JsonTensor.text(tensor.shape()), JsonTensor.text(shape));
    }
  }

  private static Shape shape(TensorInfo tensor) {
    return Shape.of(
        tensor.getTensorShape().getDimList().stream().mapToLong(dim -> dim.getSize()).toArray());
  }

  private static long requireImages(String input, HostTensor tensor) {
    try {
      if (tensor instanceof HostTensor.Floats floats) {
        PixelRange.require(
            floats.values(), floats.perRow(), row -> "image " + row + " of \"" + input + "\"");
        return 0;
      }
      HostTensor.Strings images = (HostTensor.Strings) tensor;
      long pixels = 0;
      for (int i = 0; i < images.rows(); i++) {
        pixels += EncodedImages.requirePixels(images.at(i), "image " + i + " of \"" + input + "\"");
      }
      return pixels;
    } catch (UserException e) {
      throw badRequest("%s", String.valueOf(e.getMessage()));
    }
  }
}
