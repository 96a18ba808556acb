// The port through which every layer says what belongs into the audit log; what keeps it is in src/audit.

/** What a record says besides its event. Absent and undefined are the same. Secrets have no place here. */
export type AuditFields = Record<string, string | number | boolean | null | undefined>

/** Who did what, kept so that nobody can change it unseen. */
export interface AuditTrail {
  /**
   * Resolves when the record is on the disk: it is not lost any more, whatever happens to process or power.
   * @param event  `noun.past-verb`, as in the log
   * @param fields  names are letters and digits; long texts are cut
   * @throws AuditError when it cannot be written and `audit.on_full` is "stop": what was to be recorded must not happen
   * then; InternalError when event or field names have not their form
   */
  record(event: string, fields?: AuditFields): Promise<void>
}

/** A trail that keeps nothing. */
export const noAudit: AuditTrail = { record: () => Promise.resolve() }
