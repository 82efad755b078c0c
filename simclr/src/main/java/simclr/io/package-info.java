/**
 * Files: written so that a reader sees the old or the new one, locked, hashed, and the formats that
 * several parts share. Each format's reader stands beside its writer.
 */
package simclr.io;
