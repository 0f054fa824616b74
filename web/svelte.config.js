import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

// The built page lives inside the Python package, so that one wheel carries both and one process serves both.
const dist = '../src/alphaloop/web/dist';

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    adapter: adapter({ pages: dist, assets: dist, fallback: 'index.html', precompress: false }),
    alias: { $features: 'src/lib/features' }
  }
};
