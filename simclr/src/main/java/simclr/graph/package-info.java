/** What the builders of all graphs start from. */
package simclr.graph;
