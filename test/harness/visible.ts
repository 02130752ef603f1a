/** Shows where a terminal is driven. */
export const visible = (text: string): string => text.replaceAll("\u001b", "ESC");
