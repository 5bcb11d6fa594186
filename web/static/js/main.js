// What scripts add to the page; without them its forms and links do the same, step by step.
import { listenForPictures } from "./pictures.js";
import { drawRegions } from "./region.js";
import { bindKeys } from "./keys.js";
import { placePanels } from "./panels.js";
import { followJobs } from "./jobs.js";
import { chooseAll } from "./choose.js";
import { showBusy } from "./busy.js";
import { mendBroken } from "./broken.js";
import { judgeResults } from "./judge.js";
import { logEvents } from "./events.js";
import { awaitParts, offerCopies } from "./parts.js";

listenForPictures();
drawRegions();
bindKeys();
placePanels();
followJobs();
chooseAll();
showBusy();
mendBroken();
logEvents();
offerCopies(document);
awaitParts();
judgeResults();
