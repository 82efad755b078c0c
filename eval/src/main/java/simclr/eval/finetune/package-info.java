/** Records of what a training's own classifier reached. */
package simclr.eval.finetune;
