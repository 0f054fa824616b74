import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import process from 'node:process';
import { defineConfig } from 'vitest/config';

// `npm run dev` talks to a platform on the same machine; a build never names a host.
const platform = process.env.ALPHALOOP_ADDRESS ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [tailwindcss(), sveltekit()],
  server: {
    proxy: {
      '/api': { target: platform },
      '/health': { target: platform },
      '/ws': { target: platform, ws: true }
    }
  },
  test: { environment: 'node', include: ['tests/**/*.test.ts'] },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : undefined
});
