import { describeScaling } from "../harness/scaling.ts";

describeScaling("sticky");
