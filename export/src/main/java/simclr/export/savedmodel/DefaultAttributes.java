package simclr.export.savedmodel;

import static com.google.common.collect.ImmutableMap.toImmutableMap;

import com.google.common.collect.ImmutableMap;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.OpDef.AttrDef;

/**
 * Attributes that have their default value are left out, so that a runtime older than the attribute
 * takes the node.
 */
final class DefaultAttributes {
  private DefaultAttributes() {}

  /** The graph without them, functions included. */
  static GraphDef strip(GraphDef graph) {
    ImmutableMap<String, OpDef> operations =
        CFunctions.operations().getOpList().stream()
            .collect(toImmutableMap(OpDef::getName, op -> op));
    GraphDef.Builder stripped = graph.toBuilder();
    stripped.getNodeBuilderList().forEach(node -> strip(node, operations));
    stripped
        .getLibraryBuilder()
        .getFunctionBuilderList()
        .forEach(function -> function.getNodeDefBuilderList().forEach(n -> strip(n, operations)));
    return stripped.build();
  }

  private static void strip(NodeDef.Builder node, ImmutableMap<String, OpDef> operations) {
    OpDef operation = operations.get(node.getOp());
    if (operation == null) {
      return;
    }
    for (AttrDef attribute : operation.getAttrList()) {
      AttrValue given = node.getAttrMap().get(attribute.getName());
      if (attribute.hasDefaultValue() && attribute.getDefaultValue().equals(given)) {
        node.removeAttr(attribute.getName());
      }
    }
  }
}
