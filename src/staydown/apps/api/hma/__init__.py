"""What clients of Hasher-Matcher-Actioner ask below /c/: banks, their contents, exchanges. Nodes hand it on to here."""
