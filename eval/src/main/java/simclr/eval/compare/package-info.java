/** Whether two models differ, told from what each answered to the same test examples. */
@org.jspecify.annotations.NullMarked
package simclr.eval.compare;
