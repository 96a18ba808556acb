// The package epoll brings no types; this is what is used of it.

declare module 'epoll' {
  interface Epoll {
    add(fd: number, events: number): void
    remove(fd: number): void
  }

  const addon: {
    readonly Epoll: {
      new (listener: (error: Error | null, fd: number, events: number) => void): Epoll
      readonly EPOLLIN: number
    }
  }
  export default addon
}
