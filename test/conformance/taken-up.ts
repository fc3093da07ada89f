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

  'test_tasks.py': {
    BaseTaskTests: {
      except: [
        // wait
        'test_wait',
        'test_wait_duplicate_coroutines',
        'test_wait_errors',
        'test_wait_first_completed',
        'test_wait_really_done',
        'test_wait_first_exception',
        'test_wait_first_exception_in_wait',
        'test_wait_with_exception',
        'test_wait_with_timeout',
        'test_wait_concurrent_complete',
        'test_wait_with_iterator_of_tasks',
        'test_wait_invalid_args',
        'test_yield_wait_does_not_shield_cancel',
        // as_completed
        'test_as_completed',
        'test_as_completed_with_timeout',
        'test_as_completed_with_unused_timeout',
        'test_as_completed_reverse_wait',
        'test_as_completed_concurrent',
        'test_as_completed_duplicate_coroutines',
        'test_as_completed_coroutine_without_loop',
        'test_as_completed_coroutine_use_running_loop',
        'test_as_completed_invalid_args',
        // shield
        'test_shield_result',
        'test_shield_exception',
        'test_shield_cancel_inner',
        'test_shield_cancel_outer',
        'test_shield_shortcut',
        'test_shield_effect',
        'test_shield_gather',
        'test_shield_coroutine_without_loop',
        'test_shield_coroutine_use_running_loop',
        'test_shield_coroutine_use_global_loop',
        // gather
        'test_gather_shield',
        'test_cancel_gather_1',
        'test_cancel_gather_2',
        'test_task_del_collect',
      ],
    },
    SetMethodsTest: 'all',
    CTask_CFuture_Tests: 'all',
    CTask_Future_Tests: 'all',
    BaseTaskIntrospectionTests: 'all',
    BaseCurrentLoopTests: 'all',
    GenericTaskTests: 'all',
    SleepTests: 'all',
  },
};
