// A command whose part of the product has not landed: says so, and how to see what has.
const name = process.argv[2];
console.error(
  `npm run ${name}: this part of Bluepost has not been built yet. See "Status" in README.md for what there is.`,
);
process.exit(69);
