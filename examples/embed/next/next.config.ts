/** The gateway finds files of its own by their paths, so it stays a package beside the bundle. */
export default { serverExternalPackages: ['luaauth-graphql'] };
