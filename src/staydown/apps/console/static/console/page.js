// What every page of the console has: the help dialog, and each moment in the reader's own time as a tooltip.
import { help } from "./shortcuts.js";

help();
for (const time of document.querySelectorAll("time[datetime*=T]")) {
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.valueOf())) time.title = `${moment.toLocaleString()} on this computer`;
}
