// SPDX-License-Identifier: Apache-2.0
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2020",
    // The server's policy allows scripts and styles from files only, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  // `npm run dev` shows the pages of a hub that runs beside it: CLINNOVA_HUB=http://127.0.0.1:PORT
  server: { host: "127.0.0.1", proxy: { "/api": process.env.CLINNOVA_HUB ?? "http://127.0.0.1:8080" } },
});
