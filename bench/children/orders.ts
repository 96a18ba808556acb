// How a child does what it is told: one order, one answer.

/** Answers each order with what `carryOut` comes to, or with `{ error }`; ends with the one who asks. */
export function obey(carryOut: (order: never) => Promise<object>): void {
  process.on('message', (order) => {
    carryOut(order as never).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
}
