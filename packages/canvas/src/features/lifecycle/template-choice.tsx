import type { Workspace } from '@molecule/contract';
import { CheckField } from '../../ui/field.js';

interface TemplateChoiceProps {
  agent: Workspace;
  checked: boolean;
  disabled: boolean;
  onChange: (checked: boolean) => void;
}

/** Whether a restart lays the stored template over the configuration folder once more. */
export function TemplateChoice({ agent, ...field }: TemplateChoiceProps) {
  if (agent.template === '') {
    return (
      <p className="mt-4 border-t border-line pt-4 text-sm text-ink-soft">
        No template is stored for it, so its configuration stays as it is.
      </p>
    );
  }
  return (
    <div className="mt-4 border-t border-line pt-4">
      <CheckField
        {...field}
        label={`Apply the template “${agent.template}” again`}
        hint={
          field.checked ? (
            <span className="font-medium text-warn">
              Its files replace those of the same name in the configuration folder. Edits to them are lost.
            </span>
          ) : (
            'Without this the configuration stays as it was edited, unless another template was stored since.'
          )
        }
      />
    </div>
  );
}
