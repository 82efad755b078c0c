/**
 * Models that are only run forward: evaluation, features, exports and conversions open them here.
 */
package simclr.inference;
