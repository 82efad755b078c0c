/** Records of what a training's own classifier reached. */
@org.jspecify.annotations.NullMarked
package simclr.eval.finetune;
