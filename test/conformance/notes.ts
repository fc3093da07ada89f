/** Why a test of CPython has no test of ours that passes, or has one that expects something else. */
export type Note =
  | { status: 'not applicable'; reason: string }
  | {
      status: 'differs';
      reason: string;
      /** The anchor in docs/differences.md: `one-receiver`. */
      entry: string;
    };

/** By the CPython test: `test_futures.py::BaseFutureTests::test_cancel`. */
export const notes: Readonly<Record<string, Note>> = {
  'test_futures.py::BaseFutureTests::test_generic_alias': {
    status: 'not applicable',
    reason: 'tests the run-time form of a type annotation; TypeScript erases them',
  },
  'test_tasks.py::BaseTaskTests::test_generic_alias': {
    status: 'not applicable',
    reason: 'tests the run-time form of a type annotation; TypeScript erases them',
  },
  'test_tasks.py::CTask_CFuture_Tests::test_refleaks_in_task___init__': {
    status: 'not applicable',
    reason: 'counts references in the C implementation',
  },
  'test_tasks.py::GenericTaskTests::test_asyncio_module_compiled': {
    status: 'not applicable',
    reason: 'imports the C implementation',
  },
};
