/** The part of JSON Schema that docs/snapshot.schema.json needs. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Record<string, Schema>;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Record<string, Schema>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

/** What is wrong with `value`, with the path to it. */
export function schemaErrors(value: unknown, schema: Schema, root = schema, at = '$'): string[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/$defs/', '');
    return schemaErrors(value, root.$defs?.[name] as Schema, root, at);
  }
  if (schema.type !== undefined && !isOfType(value, schema.type))
    return [`${at}: expected ${schema.type}, got ${JSON.stringify(value)}`];
  if ('const' in schema && value !== schema.const) return [`${at}: expected ${schema.const}`];
  if (schema.enum?.includes(value) === false) return [`${at}: unexpected ${value}`];
  if (schema.minimum !== undefined && (value as number) < schema.minimum)
    return [`${at}: ${value} is too small`];
  if (Array.isArray(value))
    return value.flatMap((item, index) =>
      schemaErrors(item, schema.items ?? {}, root, `${at}[${index}]`),
    );
  if (schema.properties === undefined) return [];
  const fields = value as Record<string, unknown>;
  const missing = (schema.required ?? []).filter((name) => !(name in fields));
  return [
    ...missing.map((name) => `${at}.${name}: missing`),
    ...Object.entries(fields).flatMap(([name, field]) => {
      const known = schema.properties?.[name];
      return known === undefined
        ? [`${at}.${name}: not in the schema`]
        : schemaErrors(field, known, root, `${at}.${name}`);
    }),
  ];
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object')
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
