/* Starts what every page needs. Without scripts each page and each form still works. */
import { watchCopies } from "./copy.js";
import { watchDialogs } from "./dialog.js";
import { watchKeys } from "./keys.js";
import { watchLive } from "./live.js";
import { watchTables } from "./table.js";
import { watchTheme } from "./theme.js";
import { watchTimes } from "./time.js";
import { watchToasts } from "./notices.js";

document.documentElement.dataset.js = "on";
for (const start of [watchToasts, watchTimes, watchCopies, watchTheme, watchDialogs, watchTables, watchKeys, watchLive]) start();
