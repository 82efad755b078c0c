/** Broken inputs by the thousand: what makes them from whole ones, and what reads them. */
package simclr.tools.mutants;
