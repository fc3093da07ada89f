/**
 * The tests of CPython that are taken up: each must have a passing test of ours, or a note.
 *
 * A file is taken up whole, or by class; a class whole, by the tests named, or all but some.
 * What is not named here is for later, and the table says so.
 */
export type Choice = 'all' | { only: readonly string[] } | { except: readonly string[] };

export const takenUp: Readonly<Record<string, 'all' | Readonly<Record<string, Choice>>>> = {
  'test_futures.py': 'all',
  'test_futures2.py': 'all',
  'test_runners.py': 'all',
  'test_sock_lowlevel.py': 'all',
  'test_locks.py': 'all',
  'test_queues.py': 'all',

  'test_base_events.py': {
    BaseEventLoopTests: {
      except: [
        // executors
        'test_set_default_executor',
        'test_set_default_executor_error',
        // subprocesses
        'test_subprocess_exec_invalid_args',
        'test_subprocess_shell_invalid_args',
        // asynchronous generators
        'test_asyncgen_finalization_by_gc',
        'test_asyncgen_finalization_by_gc_in_other_thread',
      ],
    },
    BaseEventLoopWithSelectorTests: { only: ['test_call_coroutine', 'test_log_slow_callbacks'] },
    RunningLoopTests: 'all',
  },

  'test_sendfile.py': 'all',
  'test_ssl.py': 'all',
  'test_sslproto.py': 'all',

  'test_context.py': 'all',
  'test_tasks.py': 'all',
  'test_taskgroups.py': 'all',
  'test_timeouts.py': 'all',
  'test_waitfor.py': 'all',
};
