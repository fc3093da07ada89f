// A program without asyncio-ts; it ends by itself.
setTimeout(() => {}, 30_000);
console.log('ready');
