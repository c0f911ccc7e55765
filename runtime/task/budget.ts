/**
 * The budget of a task: how much it may do in one poll before the others have their turn.
 * @module
 */

/** Units that one poll may spend; a resource that is ready costs one. Tokio's figure. */
export const TASK_BUDGET = 128;
