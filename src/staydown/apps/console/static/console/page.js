// What every page of the console has: the help dialog.
import { help } from "./shortcuts.js";

help();
