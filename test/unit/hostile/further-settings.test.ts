import { tamperWithHalf } from "./tampered.ts";

tamperWithHalf("second");
